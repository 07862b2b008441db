"""One chart a file: plain values in, an inline SVG string out; colours and fonts come from the page."""
