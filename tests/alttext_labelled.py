"""Uses of pictures with the role that a person gave them, after the kinds of W3C's images tutorial.

Each is (role, kind of picture, file name, HTML); "@" in the HTML is the address of the picture. Labelled by what the
tutorial says of such a use, before the rules were run on it.
"""

import numpy as np
from alttext_pictures import chart, encoded, icon, photo, writing
from PIL import Image, ImageDraw


def diagram(seed=0):
    """Boxes and lines between them."""
    picture = Image.new("RGB", (260, 180), "white")
    draw = ImageDraw.Draw(picture)
    for number in range(3):
        draw.rectangle((15 + 85 * number, 20, 75 + 85 * number, 60), outline="black", width=2)
        draw.rectangle(
            (15 + 85 * number, 120, 75 + 85 * number, 160), outline=["red", "blue", "green"][number], width=3
        )
        draw.line((45 + 85 * number, 60, 45 + 85 * number, 120), "black", 2)
    draw.line((10, 90, 250, 90), "black", 2)
    return picture


def map_of(seed=0):
    """Areas of flat colors with borders."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (220, 200), (170, 200, 240))
    draw = ImageDraw.Draw(picture)
    for color in ((120, 190, 90), (230, 200, 120), (230, 120, 100), (180, 120, 210), (250, 240, 110)):
        points = [tuple(int(v) for v in rng.integers(10, 190, 2)) for _ in range(5)]
        draw.polygon(points, fill=color, outline="black")
    return picture


def illustration(seed=0):
    """A flat drawing of few colors and no text."""
    picture = Image.new("RGB", (160, 120), (250, 250, 250))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 20, 120, 100), fill=(40, 90, 200))
    draw.ellipse((60, 40, 80, 60), fill=(20, 20, 60))
    draw.rectangle((70, 70, 95, 80), fill=(20, 20, 60))
    return picture


def gradient(seed=0):
    ramp = np.linspace(180, 240, 200)[None, :, None].repeat(60, 0).repeat(3, 2)
    return Image.fromarray(ramp.astype(np.uint8))


PICTURES = {
    "photo": lambda seed: photo(seed, (160, 120)),
    "thumb": lambda seed: photo(seed, (96, 72)),
    "chart": chart,
    "diagram": diagram,
    "map": map_of,
    "text": lambda seed: writing((["Summer sale", "ends Sunday"], ["Be the change", "you want to see"])[seed % 2]),
    "page": lambda seed: writing(["Invoice 2024", "Total due 40", "Thank you"], (260, 110)),
    "logo": lambda seed: writing(["acme"], (90, 44)),
    "icon": lambda seed: icon((24, 24), ["black", "navy", "darkred"][seed % 3]),
    "bigicon": lambda seed: icon((48, 48)),
    "spacer": lambda seed: Image.new("RGB", (1, 1), "white"),
    "blank": lambda seed: Image.new("RGB", (80, 60), ["white", "navy", "beige"][seed % 3]),
    "line": lambda seed: icon((300, 8), "gray"),
    "gradient": gradient,
    "drawing": illustration,
}

NEWS = "Prices rose again this year, the office for statistics said on Monday. Experts expect more."
STORY = "We left early. The road was empty, and nobody spoke for the first hour of the trip."


def decorative():
    """W3C: decorative images."""
    for name in ("spacer.gif", "pixel.gif", "1x1.png", "blank.gif", "t.gif", "track.gif"):
        yield "spacer", name, f"<p>{NEWS}</p><img src=@>"
        yield "spacer", name, f"<table><tr><td><img src=@ width=1 height=20></td><td>{NEWS}</td></tr></table>"
    for name in ("divider.png", "line.png", "hr.png", "separator.gif", "x7.png", "rule.png"):
        yield "line", name, f"<p>{NEWS}</p><p><img src=@></p><p>{STORY}</p>"
    for name in ("bg.png", "back.png", "fill.png", "panel.png"):
        yield "blank", name, f"<div><img src=@><p>{NEWS}</p></div>"
    for name in ("gradient.png", "hero-bg.png", "shade.png", "background.jpg", "fade.png"):
        yield "gradient", name, f"<div class=hero><img src=@></div><h1>{NEWS[:30]}</h1>"
    for name in ("corner.png", "bullet.gif", "border-top.png", "flourish.png", "swirl.png", "ornament.png"):
        yield "icon", name, f"<p><img src=@> {NEWS}</p>"
    for name in ("check.png", "dot2.png", "tick.png"):
        yield "icon", name, f"<ul><li><img src=@> {NEWS}</li>" + f"<li><img src=@> {STORY}</li>" * 3 + "</ul>"
    for name in ("phone-icon.png", "icon-clock.png", "icon_mail.png", "map-pin-icon.png", "icon-calendar.svg.png"):
        yield "icon", name, "<p><img src=@> 020 123 456, every day from nine to five</p>"
    for name, words in (
        ("print.png", "Print this page"),
        ("arrow.png", "Next chapter"),
        ("news1.jpg", "Council votes for the new bridge"),
        ("pdf.png", "Annual report 2023"),
        ("rss.png", "Subscribe to news"),
        ("team.jpg", "Meet the team"),
        ("home.gif", "Start page"),
        ("DSC001.jpg", "Holiday album"),
    ):
        kind = "photo" if name.endswith("jpg") else "icon"
        yield kind, name, f'<a href="/x"><img src=@> {words}</a>'
        yield kind, name, f'<li><a href="page.html"><span>{words}</span><img src=@></a></li>'
    for name, words in (("save.png", "Save"), ("trash.png", "Delete all"), ("plus.png", "Add a row")):
        yield "icon", name, f"<button><img src=@> {words}</button>"
    for name in ("wave.png", "a.jpg", "b.png"):
        yield "photo", name, f'<div aria-hidden="true"><img src=@></div><p>{NEWS}</p>'
        yield "drawing", name, f'<img src=@ role="presentation"><p>{NEWS}</p>'


def functional():
    """W3C: functional images."""
    actions = [
        "search",
        "print",
        "home",
        "menu",
        "cart",
        "close",
        "mail",
        "phone",
        "download",
        "next",
        "previous",
        "play",
        "settings",
        "user",
        "share",
        "help",
    ]
    for number, action in enumerate(actions):
        yield "icon", f"{action}.png", ('<a href="#"><img src=@></a>', "<button><img src=@></button>")[number % 2]
    for action in ["search", "print", "edit", "delete", "add", "save", "login", "calendar"]:
        yield "bigicon", f"icon-{action}.png", f'<button class="btn btn-{action}"><img src=@></button>'
    for host in ["facebook", "twitter", "instagram", "youtube", "linkedin", "github", "mastodon", "pinterest"]:
        yield "icon", f"{host}.png", f'<a href="https://www.{host}.com/acme"><img src=@></a>'
        yield "icon", "s1.png", f'<li><a href="https://{host}.com/acme"><img src=@></a></li>'
    for name in ("logo.png", "acme-logo.png", "logo_acme.gif", "brand.png"):
        for href in ("/", "index.html", "./"):
            yield "logo", name, f'<header><a href="{href}"><img src=@></a></header>'
    for name in ("go.gif", "submit.png", "find.png", "b1.gif"):
        yield "icon", name, "<form><input type=image src=@></form>"
        yield "icon", name, '<form><input type=image src=@ value="Go"></form>'
    for name in ("IMG_1.jpg", "thumb2.jpg", "beach-small.jpg"):
        yield "thumb", name, '<a href="large/IMG_1.jpg"><img src=@></a>'
        yield (
            "thumb",
            name,
            '<figure><a href="big.png"><img src=@></a><figcaption>The beach at noon</figcaption></figure>',
        )
    for href in ("report.pdf", "files/data.xlsx", "minutes.docx"):
        yield "icon", "doc.png", f'<a href="{href}"><img src=@></a>'
    for href in ("mailto:a@example.org", "tel:+44123"):
        yield "icon", "x.png", f'<a href="{href}"><img src=@></a>'
    for name in ("p1.jpg", "banner3.jpg", "offer.jpg"):
        yield "photo", name, '<a href="/products/42"><img src=@></a>'
        yield "text", name, '<a href="/sale"><img src=@></a>'
        yield "photo", name, '<a href="/story"><img src=@></a> <a href="/story">Read more</a>'
        yield "photo", name, '<a href="/story"><img src=@> Read more</a>'


def informative():
    """W3C: informative images."""
    for name in ("IMG_2041.jpg", "dsc0001.jpg", "dog.jpg", "p.jpg", "9f8a7c.jpg", "team.jpg", "garden.png"):
        yield "photo", name, f"<p>{NEWS}</p><p><img src=@></p><p>{STORY}</p>"
        yield "photo", name, f"<article><h2>Monday</h2><img src=@><p>{STORY}</p></article>"
        yield "photo", name, f"<figure><img src=@><figcaption>Photo: J. Smith</figcaption></figure><p>{NEWS}</p>"
        yield "photo", name, f"<p>{STORY} <img src=@ align=left> {NEWS}</p>"
    for name in ("turn-handle.png", "step1.png", "howto.png", "scene.png", "robot.png", "mascot-wink.png"):
        yield "drawing", name, f"<p>{STORY}</p><div><img src=@></div>"
        yield "drawing", name, "<figure><img src=@><figcaption>Step one</figcaption></figure>"
    for name in ("warning.png", "new.png", "ok.png", "locked.png"):
        yield "bigicon", name, "<td><img src=@></td>"
    for name in ("portrait.jpg", "cover.jpg", "hero.jpg", "slide3.jpg", "photo-1502.jpg"):
        yield "photo", name, f"<section><h1>Welcome</h1><img src=@ width=800 height=400></section><p>{NEWS}</p>"
        yield "photo", name, f"<ul><li><img src=@></li></ul><p>{STORY}</p>"


def complex_ones():
    """W3C: complex images."""
    for name in ("chart.png", "sales-2023.png", "fig3.png", "results.png", "graph_q1.png", "img4.png", "plot.png"):
        yield "chart", name, f"<p>{NEWS}</p><img src=@>"
        yield "chart", name, "<figure><img src=@><figcaption>Visitors by month</figcaption></figure>"
    for name in ("flowchart.png", "diagram1.png", "architecture.png", "orgchart.gif", "process.png", "network.png"):
        yield "diagram", name, f"<p>{NEWS}</p><div><img src=@></div>"
        yield "diagram", name, "<figure><img src=@><figcaption>How it works</figcaption></figure>"
    for name in ("map.png", "floorplan.png", "campus-map.gif", "region.png", "timeline.png"):
        yield "map", name, f"<h2>How to find us</h2><img src=@><p>{STORY}</p>"
    for name in ("a1.png", "infographic.png", "x.png"):
        yield "chart", name, '<img src=@ aria-describedby="long"><p id="long">Table of values</p>'
        yield "photo", name, '<img src=@ longdesc="long.html">'


def texts():
    """W3C: images of text."""
    for name in (
        "headline.png",
        "banner.gif",
        "quote.png",
        "img7.png",
        "sale.gif",
        "title-2.png",
        "promo.png",
        "text.png",
    ):
        yield "text", name, "<div><img src=@></div>"
        yield "text", name, f"<p>{STORY}</p><p><img src=@></p>"
    for name in ("scan1.png", "invoice.png", "screenshot-5.png", "letter.png", "page.png"):
        yield "page", name, f"<p>{NEWS}</p><img src=@>"
        yield "page", name, "<figure><img src=@><figcaption>A page from the archive</figcaption></figure>"
    for name in ("acme-logo.png", "logo.gif", "partner_logo.png", "wordmark.png", "sponsor-logo-1.png"):
        yield "logo", name, "<div class=partners><img src=@></div>"
        yield "logo", name, f"<p>{NEWS}</p><p><img src=@ class=logo></p>"


def groups():
    """W3C: groups of images."""
    for names in (
        ["star-full.png"] * 4 + ["star-empty.png"],
        ["star.png"] * 3,
        ["star_on.gif", "star_on.gif", "star_half.gif", "star_off.gif"],
        ["heart-full.png"] * 2 + ["heart-empty.png"],
        ["rating.png"] * 5,
    ):
        rest = "".join(f"<img src={name}>" for name in names[1:])
        yield "icon", names[0], f"<p>Rating:</p><p><img src=@>{rest}</p>"
        yield "icon", names[0], f"<div><h3>Hotel</h3><div><img src=@>{rest}</div></div>"


def duplicates():
    """W3C: decorative images, example 3: the text beside it says the same."""
    for name, text in (
        ("dog-with-bell.jpg", "A dog with a bell attached to its collar"),
        ("red-bicycle.jpg", "The red bicycle that we rented stood at the gate"),
        ("ada-lovelace.jpg", "Ada Lovelace, mathematician"),
        ("eiffel-tower.jpg", "The Eiffel Tower is 330 metres high"),
        ("apple-pie.jpg", "Apple pie: how to bake it"),
        ("city_hall.jpg", "City hall, built 1890"),
        ("wind-turbines.jpg", "Wind turbines near the coast"),
        ("golden-retriever.png", "The golden retriever is a friendly dog"),
    ):
        yield "photo", name, f"<p><img src=@> {text}</p>"
        yield "photo", name, f"<div><img src=@></div><h3>{text}</h3>"


SETS = {
    "decorative": decorative,
    "functional": functional,
    "informative": informative,
    "complex": complex_ones,
    "text": texts,
    "group": groups,
    "duplicate": duplicates,
}


def labelled():
    """Every use: role, kind of picture, file name, HTML."""
    for role, uses in SETS.items():
        for kind, name, fragment in uses():
            yield role, kind, name, fragment


def picture(kind, name):
    """The bytes of a picture of a kind; the same name gives the same picture."""
    return encoded(PICTURES[kind](sum(name.encode())))
