"""Office formats: Word, PowerPoint, Excel, OpenDocument, RTF and their elder forms."""
