"""Words in the photo files themselves: XMP, IPTC and EXIF, read and written without touching a pixel."""
