"""A second set of uses, by another author who had not read the rules, after the examples of W3C's images tutorial.

Each is (role, kind of picture, file name, HTML) as in `alttext_labelled`, labelled by W3C's decision tree: does it
contain text; is it in a link or button that makes no sense without it; does it add meaning; is it decoration.
"""

PARAGRAPH = (
    "The harbor was closed for two days after the storm. Fishermen say that repairs of the northern quay will take "
    "until spring, and the town has asked the region for money."
)

# Icons and pictures that say something the text does not (tutorial: informative images, examples 1 to 5).
INFORMATIVE = [
    ("icon", "phone.png", '<p><img src="@"> 0123 456 7890</p><p><img src="fax.png"> 0123 456 7891</p>'),
    ("icon", "icons/envelope.png", '<ul class="contact"><li><img src="@" width="16"> jo@example.org</li></ul>'),
    (
        "photo",
        "images/guide.jpg",
        f'<p><img src="@" style="float:right"> Off-duty guide dogs often wear this. {PARAGRAPH}</p>',
    ),
    ("drawing", "cap-turn.png", '<p>Opening the bottle:</p><p><img src="@"></p>'),
    (
        "drawing",
        "assets/fig-02.png",
        '<ol><li>Put the plate on the pins.<br><img src="@"></li><li>Turn the screw.</li></ol>',
    ),
    (
        "photo",
        "uploads/2019/05/P1030977.jpg",
        f'<div class="wp-block-image"><img src="@" class="wp-image-311"></div><p>{PARAGRAPH}</p>',
    ),
    (
        "photo",
        "family.jpg",
        '<section class="intro"><h1>We are here for you</h1><img src="@"><p>Talk to us.</p></section>',
    ),
    ("icon", "pdf.png", '<li><a href="annual2012.pdf">Annual report and accounts 2012 <img src="@"></a> (12 MB)</li>'),
    (
        "photo",
        "DSC_4410.JPG",
        '<figure><img src="@"><figcaption>Figure 3. Photograph by the author, 2021.</figcaption></figure>',
    ),
    ("photo", "i/a83bd.jpg", f"<td valign=top><img src='@' border=0 hspace=4></td><td>{PARAGRAPH}</td>"),
    ("photo", "product/8812-front.jpg", '<div class="gallery"><img src="@"></div><h1>Hiking boot</h1><p>EUR 129</p>'),
    ("bigicon", "status-red.png", "<tr><td>Line 4</td><td><img src=@></td></tr>"),
]

# Alone in a link or button, or telling in a link with words what these do not (functional images, examples 1 to 5).
FUNCTIONAL = [
    ("logo", "w3c.png", '<a class="navbar-brand" href="https://www.w3.org/"><img src="@"></a>'),
    (
        "icon",
        "new-window.png",
        '<a href="https://example.org/s" target="_blank">Status of the standard <img src="@"></a>',
    ),
    ("icon", "print.png", '<a href="javascript:print()"><img src="@"></a>'),
    ("icon", "searchbutton.png", '<form><input type="text" aria-label="Words"><input type="image" src="@"></form>'),
    ("bigicon", "img/burger.png", '<button type="button" class="toggle" data-target="#nav"><img src="@"></button>'),
    (
        "thumb",
        "t/IMG_5512.jpg",
        '<div class="thumb"><a href="/wiki/File:IMG_5512.jpg"><img src="@" width="96"></a></div>',
    ),
    ("text", "btn_register.gif", '<a href="/register"><img src="@"></a>'),
    ("photo", "teaser77.jpg", '<div class="card"><a href="/story/77"><img class="card-img-top" src="@"></a></div>'),
    ("icon", "rss.gif", '<td><a href="feed.xml"><img src="@" border=0></a></td>'),
    ("icon", "x.svg.png", '<div role="button" tabindex="0" onclick="closeBox()"><img src="@"></div>'),
    ("icon", "fb.png", '<footer><a href="https://www.facebook.com/harbor"><img src="@"></a></footer>'),
    ("icon", "left.png", '<nav><a href="page3.html" rel="prev"><img src="@"></a></nav>'),
    ("icon", "flag-de.png", '<a href="/de/" hreflang="de"><img src="@"></a>'),
    ("photo", "cover-small.jpg", '<li><a href="/books/911"><img src="@"></a><br>EUR 12</li>'),
]

# Says nothing, or the link's own words say it (decorative images, examples 1, 2 and 4).
DECORATIVE = [
    ("line", "border-fancy.png", f'<p>{PARAGRAPH}</p><img src="@"><p>{PARAGRAPH}</p>'),
    ("photo", "crocus.jpg", '<p><a href="crocuspage.html"><img src="@"><strong>Crocus bulbs</strong></a></p>'),
    ("spacer", "images/trans.gif", '<td><img src="@" width="1" height="14"></td>'),
    ("spacer", "https://stats.example.org/p.gif", '<noscript><img src="@" height="1" width="1"></noscript>'),
    ("gradient", "img/topfade.png", '<div id="page"><img src="@"><h1>Harbor news</h1></div>'),
    ("icon", "arrow-right.png", '<a href="/more">Read the whole story <img src="@"></a>'),
    ("icon", "w3c-small.png", '<a href="/"><img src="@"> W3C Home</a>'),
    ("icon", "floppy.png", '<button class="btn"><img src="@"><span>Save draft</span></button>'),
    ("blank", "sidebar.png", f'<td width="80"><img src="@"></td><td>{PARAGRAPH}</td>'),
    ("icon", "bullet-green.gif", "<p><img src=@> Open daily</p><p><img src=@> Free parking</p><p><img src=@> Café</p>"),
    ("icon", "lock.png", '<label><img src="@"> Password <input type="password"></label>'),
    ("photo", "blur.jpg", f'<header role="presentation"><img src="@" role="none"></header><p>{PARAGRAPH}</p>'),
]

# Charts, diagrams and maps (complex images).
COMPLEX = [
    (
        "chart",
        "2014-first-qtr.jpg.png",
        '<figure><img src="@"><figcaption>Visitors of the first quarter</figcaption></figure>',
    ),
    ("chart", "uploads/unnamed.png", f'<p>{PARAGRAPH}</p><p style="text-align:center"><img src="@"></p>'),
    ("diagram", "peacock.png", '<p><img src="@"> <a href="desc.html">Description of the figure</a></p>'),
    ("diagram", "img/how-data-flows.png", '<div class="slide"><h2>From sensor to server</h2><img src="@"></div>'),
    ("map", "anfahrt.png", f'<h2>Directions</h2><p>{PARAGRAPH}</p><img src="@" width="600">'),
    (
        "map",
        "districts.gif",
        '<img src="@" usemap="#d"><map name="d"><area shape=rect coords="0,0,9,9" href="n.html" alt="North"></map>',
    ),
    ("chart", "poll-results.png", '<details><summary>Results</summary><img src="@"></details>'),
    ("diagram", "board-of-directors.png", '<p>Who reports to whom:</p><img src="@">'),
]

# Text that stands nowhere else (images of text).
TEXT = [
    ("text", "access-city.png", f'<h2></h2><p><img src="@"></p><p>{PARAGRAPH}</p>'),
    ("text", "quote-of-the-day.png", '<blockquote><img src="@"></blockquote>'),
    ("page", "scan_0007.png", '<p>The letter of 1911:</p><img src="@">'),
    ("page", "Bildschirmfoto-3.png", f'<p>{PARAGRAPH}</p><p>So it looks then:</p><img src="@">'),
    ("logo", "sponsors/ferryline.png", '<h3>Our sponsors</h3><div class="row"><img src="@"></div>'),
    ("text", "header-open-day.jpg", '<div class="banner"><img src="@"></div>'),
    ("text", "email.png", '<p>Write to: <img src="@"></p>'),
]

# Several pictures that say one thing together (groups of images).
GROUP = [
    (
        "icon",
        "star1.png",
        '<p class="rating"><img src="@"><img src="star1.png"><img src="star1.png"><img src="star0.png"></p>',
    ),
    ("icon", "img/thumb-up.png", "<td>" + '<img src="@">' * 4 + "</td>"),
    ("icon", "pepper.png", '<li>Vindaloo <span title="hot">' + '<img src="@">' * 3 + "</span></li>"),
    ("icon", "euro.gif", '<dt>Prices</dt><dd><img src="@"><img src="euro.gif"><img src="euro-gray.gif"></dd>'),
]

# The words beside it say it already (decorative images, example 3).
DUPLICATE = [
    ("photo", "sleeping-dog.jpg", '<p><img src="@"></p><p>Sleeping dog: mine after a walk on the beach.</p>'),
    (
        "photo",
        "img/northern-quay.jpg",
        '<figure><img src="@"><figcaption>The northern quay after the storm</figcaption></figure>',
    ),
    ("photo", "jane-muster.jpg", '<div class="person"><img src="@"><h4>Jane Muster</h4><p>Treasurer</p></div>'),
    ("photo", "tomato_soup.jpg", '<h2>Tomato soup</h2><img src="@"><p>For four people.</p>'),
    (
        "bigicon",
        "warning.png",
        '<div class="alert"><img src="@"> <strong>Warning!</strong> The bridge is closed.</div>',
    ),
    ("logo", "acme-logo.png", '<div><img src="@"> Acme</div>'),
]

AGAIN = {
    "decorative": DECORATIVE,
    "functional": FUNCTIONAL,
    "informative": INFORMATIVE,
    "complex": COMPLEX,
    "text": TEXT,
    "group": GROUP,
    "duplicate": DUPLICATE,
}


def labelled_again():
    """Every use: role, kind of picture, file name, HTML."""
    for role, uses in AGAIN.items():
        for kind, name, fragment in uses:
            yield role, kind, name, fragment
