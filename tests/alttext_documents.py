"""Small office documents and books with pictures, made by hand."""

# ruff: noqa: E501 - XML as it is written

import io
import zipfile

from alttext_pictures import encoded, photo

R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
XDR = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "application/vnd.openxmlformats-officedocument"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'


def zipped(members, first=None):
    """A zip; `first` is stored, as EPUB's and OpenDocument's mimetype is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if first:
            archive.writestr(zipfile.ZipInfo(first[0]), first[1], zipfile.ZIP_STORED)
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name.endswith((".jpg", ".png")) else zipfile.ZIP_DEFLATED
            info = zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6))
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, kind)
    return out.getvalue()


def relations(*targets):
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{R}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{RELATIONS}">{rows}</Relationships>'


def types(*overrides):
    rows = "".join(f'<Override PartName="/{part}" ContentType="{OFFICE}.{kind}+xml"/>' for part, kind in overrides)
    return (
        f'{HEAD}<Types xmlns="{TYPES}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="jpg" ContentType="image/jpeg"/>{rows}</Types>'
    )


def _pic(number, prefix="pic", name="p"):
    return (
        f'<{prefix}:blipFill><a:blip r:embed="rId{number}"/><a:stretch><a:fillRect/></a:stretch></{prefix}:blipFill>'
        f'<{prefix}:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="685800"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></{prefix}:spPr>'
    )


def drawing(number, attributes="", inner="", kind="inline"):
    """A picture of Word, in the line or anchored."""
    before = "" if kind == "inline" else (
        '<wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="column"><wp:posOffset>0</wp:posOffset></wp:positionH>'
        '<wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset></wp:positionV>'
    )  # fmt: skip
    wrap = "" if kind == "inline" else "<wp:wrapNone/>"
    extra = "" if kind == "inline" else (
        ' simplePos="0" relativeHeight="1" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="1"'
    )  # fmt: skip
    return (
        f'<w:r><w:drawing><wp:{kind} distT="0" distB="0" distL="0" distR="0"{extra}>{before}'
        f'<wp:extent cx="914400" cy="685800"/>{wrap}<wp:docPr id="{number}" name="Picture {number}"{attributes}>{inner}'
        f'</wp:docPr><a:graphic><a:graphicData uri="{PIC}"><pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" '
        f'name="p{number}.jpg"/><pic:cNvPicPr/></pic:nvPicPr>{_pic(number)}</pic:pic></a:graphicData></a:graphic>'
        f"</wp:{kind}></w:drawing></w:r>"
    )


def docx(*drawings, seed=0):
    """A Word document; a paragraph for each drawing."""
    body = "".join(f"<w:p><w:r><w:t>Text {n} &amp; more</w:t></w:r>{one}</w:p>" for n, one in enumerate(drawings))
    document = (
        f'{HEAD}<w:document xmlns:w="{W}" xmlns:r="{R}" xmlns:a="{A}" xmlns:pic="{PIC}" xmlns:wp="{WP}"><w:body>{body}'
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>'
    )
    members = {
        "[Content_Types].xml": types(("word/document.xml", "wordprocessingml.document.main")),
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": relations(*(("image", f"media/p{n}.jpg") for n in range(1, len(drawings) + 1))),
    }
    for number in range(1, len(drawings) + 1):
        members[f"word/media/p{number}.jpg"] = encoded(photo(seed + number), "JPEG")
    return zipped(members)


def pptx(*attributes, seed=0):
    """Slides of one picture each; `attributes` of its cNvPr."""
    slides = range(1, len(attributes) + 1)
    space = f'xmlns:a="{A}" xmlns:r="{R}" xmlns:p="{P}"'
    tree = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    common = f"<p:cSld><p:spTree>{tree}</p:spTree></p:cSld>"
    colors = "".join(
        f'<a:{n}><a:srgbClr val="336699"/></a:{n}>'
        for n in [
            "dk1",
            "lt1",
            "dk2",
            "lt2",
            "accent1",
            "accent2",
            "accent3",
            "accent4",
            "accent5",
            "accent6",
            "hlink",
            "folHlink",
        ]
    )
    font = '<a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
    theme = (
        f'{HEAD}<a:theme xmlns:a="{A}" name="T"><a:themeElements><a:clrScheme name="c">{colors}</a:clrScheme>'
        f'<a:fontScheme name="f"><a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>'
        f'<a:fmtScheme name="m"><a:fillStyleLst>{fill * 3}</a:fillStyleLst><a:lnStyleLst>{f"<a:ln>{fill}</a:ln>" * 3}'
        f"</a:lnStyleLst><a:effectStyleLst>{'<a:effectStyle><a:effectLst/></a:effectStyle>' * 3}</a:effectStyleLst>"
        f"<a:bgFillStyleLst>{fill * 3}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>"
    )
    mapping = "".join(
        f' {k}="{v}"' for k, v in zip(["bg1", "tx1", "bg2", "tx2"], ["lt1", "dk1", "lt2", "dk2"], strict=True)
    ) + "".join(
        f' {n}="{n}"' for n in ["accent1", "accent2", "accent3", "accent4", "accent5", "accent6", "hlink", "folHlink"]
    )
    members = {
        "[Content_Types].xml": types(
            ("ppt/presentation.xml", "presentationml.presentation.main"),
            ("ppt/slideMasters/slideMaster1.xml", "presentationml.slideMaster"),
            ("ppt/slideLayouts/slideLayout1.xml", "presentationml.slideLayout"),
            ("ppt/theme/theme1.xml", "theme"),
            *((f"ppt/slides/slide{n}.xml", "presentationml.slide") for n in slides),
        ),
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f'{HEAD}<p:presentation {space}><p:sldMasterIdLst><p:sldMasterId id="2147483648" '
        'r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst>'
        + "".join(f'<p:sldId id="{255 + n}" r:id="rId{n + 1}"/>' for n in slides)
        + '</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("slideMaster", "slideMasters/slideMaster1.xml"), *(("slide", f"slides/slide{n}.xml") for n in slides)
        ),
        "ppt/slideMasters/slideMaster1.xml": f"{HEAD}<p:sldMaster {space}>{common}<p:clrMap{mapping}/>"
        '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>',
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": relations(
            ("slideLayout", "../slideLayouts/slideLayout1.xml"), ("theme", "../theme/theme1.xml")
        ),
        "ppt/slideLayouts/slideLayout1.xml": f"{HEAD}<p:sldLayout {space}>{common}</p:sldLayout>",
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relations(("slideMaster", "../slideMasters/slideMaster1.xml")),
        "ppt/theme/theme1.xml": theme,
    }
    for number, given in zip(slides, attributes, strict=True):
        members[f"ppt/slides/slide{number}.xml"] = (
            f'{HEAD}<p:sld {space}><p:cSld><p:spTree>{tree}<p:pic><p:nvPicPr><p:cNvPr id="2" name="Picture 1"{given}/>'
            f"<p:cNvPicPr/><p:nvPr/></p:nvPicPr>{_pic(1, 'p')}</p:pic></p:spTree></p:cSld></p:sld>"
        )
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
            ("image", f"../media/p{number}.jpg"), ("slideLayout", "../slideLayouts/slideLayout1.xml")
        )
        members[f"ppt/media/p{number}.jpg"] = encoded(photo(seed + number), "JPEG")
    return zipped(members)


def xlsx(*attributes, seed=0):
    """A sheet with pictures."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    corner = "<xdr:col>{0}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{0}</xdr:row><xdr:rowOff>0</xdr:rowOff>"
    pics = "".join(
        f"<xdr:twoCellAnchor><xdr:from>{corner.format(n)}</xdr:from><xdr:to>{corner.format(n + 3)}</xdr:to><xdr:pic>"
        f'<xdr:nvPicPr><xdr:cNvPr id="{n + 1}" name="Picture {n}"{given}/><xdr:cNvPicPr/></xdr:nvPicPr>'
        f"{_pic(n, 'xdr')}</xdr:pic><xdr:clientData/></xdr:twoCellAnchor>"
        for n, given in enumerate(attributes, 1)
    )
    members = {
        "[Content_Types].xml": types(
            ("xl/workbook.xml", "spreadsheetml.sheet.main"),
            ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
            ("xl/drawings/drawing1.xml", "drawing"),
        ),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{main}" xmlns:r="{R}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml")),
        "xl/worksheets/sheet1.xml": f'{HEAD}<worksheet xmlns="{main}" xmlns:r="{R}"><sheetData/><drawing r:id="rId1"/>'
        "</worksheet>",
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("drawing", "../drawings/drawing1.xml")),
        "xl/drawings/drawing1.xml": f'{HEAD}<xdr:wsDr xmlns:xdr="{XDR}" xmlns:a="{A}" xmlns:r="{R}">{pics}</xdr:wsDr>',
        "xl/drawings/_rels/drawing1.xml.rels": relations(
            *(("image", f"../media/p{n}.jpg") for n in range(1, len(attributes) + 1))
        ),
    }
    for number in range(1, len(attributes) + 1):
        members[f"xl/media/p{number}.jpg"] = encoded(photo(seed + number), "JPEG")
    return zipped(members)


def odt(*descs, seed=0):
    """An OpenDocument text; `descs` are what stands behind each image."""
    space = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for name, long in (("office", "office"), ("text", "text"), ("draw", "drawing"), ("svg", "svg-compatible"))
    )
    frames = "".join(
        f'<text:p>Text {n}<draw:frame draw:name="i{n}" text:anchor-type="as-char" svg:width="3cm" svg:height="2cm">'
        f'<draw:image xlink:href="Pictures/p{n}.jpg" xlink:type="simple"/>{desc}</draw:frame></text:p>'
        for n, desc in enumerate(descs, 1)
    )
    kind = "application/vnd.oasis.opendocument.text"
    listed = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    for name, media in [
        ("content.xml", "text/xml"),
        *((f"Pictures/p{n}.jpg", "image/jpeg") for n in range(1, len(descs) + 1)),
    ]:
        listed += f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{media}"/>'
    members = {
        "content.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {space} '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"><office:body><office:text>'
        f"{frames}</office:text></office:body></office:document-content>",
        "META-INF/manifest.xml": '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest='
        f'"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">{listed}</manifest:manifest>',
    }
    for number in range(1, len(descs) + 1):
        members[f"Pictures/p{number}.jpg"] = encoded(photo(seed + number), "JPEG")
    return zipped(members, ("mimetype", kind))


def epub(*images, seed=0, language="en"):
    """A book of one chapter for each image tag's attributes."""
    chapters = range(1, len(images) + 1)
    container = (
        '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    items = "".join(
        f'<item id="c{n}" href="text/c{n}.xhtml" media-type="application/xhtml+xml"/>'
        f'<item id="i{n}" href="p{n}.jpg" media-type="image/jpeg"/>'
        for n in chapters
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in chapters)
    members = {
        "META-INF/container.xml": container,
        "OEBPS/b.opf": '<?xml version="1.0" encoding="UTF-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="u">urn:uuid:'
        "12345678-1234-4234-8234-123456789012</dc:identifier><dc:title>B</dc:title>"
        f"<dc:language>{language}</dc:language>"
        '<meta property="dcterms:modified">2020-01-02T03:04:05Z</meta></metadata><manifest><item id="nav" href="nav.xhtml" '
        f'media-type="application/xhtml+xml" properties="nav"/>{items}</manifest><spine>{spine}</spine></package>',
        "OEBPS/nav.xhtml": f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n<html xmlns='
        f'"http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">'
        '<head><title>N</title></head><body><nav epub:type="toc"><ol><li><a href="text/c1.xhtml">One</a></li></ol></nav>'
        "</body></html>",
    }
    for number, attributes in zip(chapters, images, strict=True):
        members[f"OEBPS/text/c{number}.xhtml"] = (
            f'<?xml version="1.0" encoding="UTF-8"?>\r\n<!DOCTYPE html>\r\n<html xmlns="http://www.w3.org/1999/xhtml" '
            f'lang="{language}" xml:lang="{language}"><head><title>C</title></head><body>\r\n<p>Text &amp; &#169;</p>'
            f'<p><img src="../p{number}.jpg"{attributes}/></p>\r\n</body></html>'
        )
        members[f"OEBPS/p{number}.jpg"] = encoded(photo(seed + number), "JPEG")
    return zipped(members, ("mimetype", "application/epub+zip"))
