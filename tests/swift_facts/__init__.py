"""What Swift's validation tests assert of derivatives, asserted of the same thoughts in Python."""
