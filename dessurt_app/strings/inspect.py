"""What the model sees: the tab Inspect, and the line under the page."""

from dessurt_app.strings.canvas import ZOOM

# Inspect. Names as for the canvas.
INSPECT = {
    "pictures": "What to look at",
    "picture": "The model's input. Arrow keys move over its pixels; + - zoom, F fit",
    "ink": "Input",
    "ink_hint": "Channel 0: the page as the model gets it; masked parts are mid-grey",
    "marks": "Marks",
    "marks_hint": "Channel 1: highlighted +1 yellow, masked -1 red, nothing 0 black",
    "both": "Overlay",
    "both_hint": "Both channels, one over the other",
    "region": "Region",
    "region_hint": "What the model marked: the whiter, the surer",
    "line": "Which line to look at: the model sees each by itself",
    "line_back": "Previous line",
    "line_back_hint": "Previous line (left arrow key)",
    "line_on": "Next line",
    "line_on_hint": "Next line (right arrow key)",
    **ZOOM,
    "zoom": "Zoom of the picture",
    "zoom_full": "One pixel of the model to one of the screen (0)",
    "fit": "Fit the picture",
    "fit_hint": "Fit the picture (F)",
    "probe_hint": "Point at the picture to read its values.",
    "threshold": "Marked above",
    "use": "Use as highlight",
    "use_hint": "Highlight a box round each part on the page",
    "save": "Save PNG",
    "save_hint": "Save what is marked as a black and white picture of the page's size",
    # Said by the script:
    "line_at": "Line {n} of {of}",
    "probe": "x {x}, y {y} (page {px}, {py}): input {ink}, marks {mark}",
    "probe_region": "x {x}, y {y}: {value}",
    "lost": "The picture could not be fetched: change a mark, or reload the screen.",
    "no_region": "No region yet: on Ask, tick “Show where on the page” and press Run.",
    "found": "{parts} parts, {percent} % of the page",
    "found_one": "1 part, {percent} % of the page",
    "found_none": "The model marked nothing above {threshold} (highest: {most}).",
}

PART = "Part"  # for programs
INSPECT_LOADING = "The weights are still loading."
TENSOR, TENSOR_VALUE = "Tensor", "2 × {height} × {width}, float32"
SCALE, SCALE_VALUE = "Scale", "{scale:.3g} model pixels to a page pixel"
PADDING = "Padding"
PADDING_VALUE = "left {left}, top {top}, right {right}, bottom {bottom}, black"
WINDOW = "Window"
WINDOW_VALUE = "page x {x0} to {x1}, y {y0} to {y1}; white outside the page"
TILT = "Tilt of the text"
TILT_VALUE = "{angle:+.1f}°, made level for the model"
TEXT_SIZE = "Marked text"
TEXT_SIZE_VALUE = "about {height} (ascender to descender)"
TEXT_SIZE_UNKNOWN = "nothing is marked"
NO_LINE = "There is no line {number}: choose one from 1 to {lines}."

# The line under the page.
PAGE_SIZE = "{width} × {height} px"
SEES_WINDOW = "model sees {width} × {height} px round the marks"
SEES_PAGE = "model sees the page at {width} × {height} px"
SEES_LINES = "model sees {lines} lines, each by itself"
MARKED_TEXT = "text {height}"
TEXT_HEIGHT = "{page} px tall on the page, {model} to the model"
HEIGHTS = "{low}–{high}"
TOO_SMALL = "too small to read well"
TOO_SMALL_IN_WINDOW = "too small to read well: mark less at once"
TOO_SMALL_ON_PAGE = "too small to read well: scan at 200 dpi or more, or photograph it closer up"
CROP = "Crop to the marked area"
