"""Vision: from a photo to its features, by OCR, number classifier, second pass and embedding."""
