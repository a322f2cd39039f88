"""A site of as many pages as are asked for, in every style that pages are written in."""

import random

IMAGES = [f"p{number}.jpg" for number in range(8)]
ADDED = ' alt="{}"'


def page(number, images=IMAGES):
    """One page: its bytes."""
    rng = random.Random(number)

    def pick():
        return rng.choice(images)

    tags = [
        f'<img src="{pick()}">',
        f"<img src='{pick()}'>",
        f"<img src={pick()}>",
        f"<IMG SRC={pick()} WIDTH=90>",
        f'<img\n   class="big"\n   src="{pick()}"\n   />',
        f'<img src="{pick()}"loading=lazy>',
        f'<img alt="" src="{pick()}">',
        f"<img alt src={pick()}>",
        f"<img alt='It&#39;s &quot;fine&quot; &amp; good' src={pick()}>",
        f'<img alt="Ein schöner Hund" src="{pick()}">',
        f'<img src="{pick()}?v=2&amp;w=1#x" title="A &lt;named&gt; thing">',
        f'<img data-src="{pick()}" class="lazy">',
        f'<picture><source srcset="{pick()} 2x"><img src="{pick()}"></picture>',
        f'<figure><img src="{pick()}"><figcaption>Caption, with “quotes” & more</figcaption></figure>',
        f'<img src="{{{{ url_for("static", filename="{pick()}") }}}}" alt="{{{{ alt }}}}">',
        f'{{% if x > 1 %}}<img src="{pick()}">{{% endif %}}',
        f'<?php echo "<img src=\\"{pick()}\\">"; ?>',
        f'<!-- <img src="{pick()}"> -->',
        f'<script>var a = "<img src={pick()}>"; if (a<b) {{}}</script>',
        f"<script><!-- document.write('<script><img src={pick()}></script>') --></script>",
        f'<style>.a {{ background: url("{pick()}") }}</style>',
        f"<textarea><img src={pick()}></textarea>",
        f'<noscript><img src="{pick()}"></noscript>',
        f'<a href="/next.html"><img src="{pick()}">Next page</a>',
        f'<p>text < 3 & <b>bold<i>broken</b> nested</i> <img src="{pick()}"',
        f"<table><tr><td><img src={pick()}></td></table>",
        f'<img src="{pick()}" src="other.jpg">',
        f'<img src = "{pick()}" / >',
        f'<img/src="{pick()}"/>',
        '<svg viewBox="0 0 1 1"><title>A dot</title><path d="M0 0"/></svg>',
        f'<img :src="photo" :alt="photo.alt"><img src="{pick()}" @click="a > b">',
        "<p>entities: &amp; &copy &#8364; &bogus; é ü 漢字",
    ]
    rng.shuffle(tags)
    tags = tags[: rng.randint(6, len(tags))]
    style = number % 6
    end = {0: "\n", 1: "\r\n", 2: "\n", 3: "", 4: "\r", 5: "\n"}[style]
    head = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title></head><body>'
    body = end.join([head, *tags, "</body></html>"]) + ("" if style == 2 else end)
    if style == 5:
        body = body.replace("utf-8", "iso-8859-1").replace("漢字", "")
        return body.encode("cp1252")
    data = body.encode()
    return b"\xef\xbb\xbf" + data if number % 7 == 0 else data
