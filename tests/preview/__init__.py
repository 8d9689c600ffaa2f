"""The preview's parts, without an engine; tests/image/test_preview.py runs the whole."""
