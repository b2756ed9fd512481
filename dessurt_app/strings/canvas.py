"""The page and its tools: the buttons, the keys, what is said of pages and marks."""

# The buttons that zoom a picture, in canvas/zoom_buttons.html.
ZOOM = {
    "zoom_in": "Zoom in",
    "zoom_in_hint": "Zoom in (+, Ctrl+wheel)",
    "zoom_out": "Zoom out",
    "zoom_out_hint": "Zoom out (-, Ctrl+wheel)",
}

# The canvas. The names are those of the placeholders in canvas/page_canvas.html and of the
# sentences that canvas/page_canvas.js says.
CANVAS = {
    "toolbar": "Tools for the page",
    "page": "Page. Up and down move through lines or marks, Enter marks a line; "
    "question mark lists the keys",
    "open": "Open…",
    "open_hint": "Open images or PDFs; you can also drop them on the page, folders too, or paste "
    "them",
    "open_folder": "Open a folder",
    "open_folder_hint": "Open a folder with all images and PDFs in it",
    "channel": "What to mark",
    "highlight": "Highlight",
    "highlight_hint": "Point the model at something (H). Hold Shift to draw masks instead",
    "mask": "Mask",
    "mask_hint": "Hide something from the model (M). Hold Shift to draw highlights instead",
    "tool": "How to mark",
    "line": "Line",
    "line_hint": "Line (C): click a line of text; Shift+click marks all lines from the last one; "
    "drag for a box. Hold Shift while dragging for the other kind of mark",
    "box": "Box",
    "box_hint": "Box (R): drag from corner to corner",
    "brush": "Brush",
    "brush_hint": "Brush (B): paint; [ and ] change the size",
    "lasso": "Lasso",
    "lasso_hint": "Lasso (L): draw round what you want to mark",
    "select": "Select",
    "select_hint": "Select a mark (E): click it, or drag it to move it; Del deletes it",
    "hand": "Move the page",
    "hand_hint": "Move the page (hold Space, or drag with the middle button)",
    "size": "Brush size",
    "size_hint": "Brush size ([ and ])",
    "history": "Edit marks",
    "undo": "Undo",
    "undo_hint": "Undo (Ctrl+Z)",
    "redo": "Redo",
    "redo_hint": "Redo (Ctrl+Shift+Z)",
    "clear": "Clear all marks",
    "delete": "Delete mark",
    "delete_hint": "Delete the selected mark (Del)",
    "more": "More tools",
    "page_group": "The whole page",
    "turn_left": "Turn the page left",
    "turn_right": "Turn the page right",
    "offer_left": "Turn left",
    "offer_right": "Turn right",
    "offer_half": "Turn by 180°",
    "straighten": "Straighten",
    "straighten_hint": "Straighten the page by its angle, or a photograph by the four corners of "
    "the sheet",
    "straighten_how": "Drag the corners to those of the sheet, or set the angle of the lines.",
    "straighten_do": "Straighten",
    "angle": "Angle",
    "cancel": "Cancel",
    "crop": "Crop to the highlight",
    "crop_hint": "Crop to the highlight: the model then sees small text larger",
    "unlock": "Open with this password",
    "password": "Password",
    "close": "Close the page",
    "help": "Help",
    "help_hint": "Help (?)",
    "help_close": "Close the help",
    "help_intro": "Letter keys work while the page has the focus: click it, or go there with Tab.",
    "empty": "Open a page: drop an image or a PDF here, paste one, or pick an example below.",
    **ZOOM,
    "lie": "View of the page",
    "zoom_full": "Show at 100% (0)",
    "fit": "Fit the page",
    "fit_hint": "Fit the page (F)",
    "region": "Region",
    "region_hint": "Show or hide what the model marked",
    "dismiss": "Close this message",
    "pages": "Pages",
    "page_back": "Previous page",
    "page_back_hint": "Previous page (PgUp)",
    "page_on": "Next page",
    "page_on_hint": "Next page (PgDn)",
    # Said by the script:
    "page_number": "{n} / {of}",
    "page_title": "Page {n}",
    "page_read": "✓ read",
    "page_corrected": "✎ corrected",
    "page_failed": "! not read",
    "added": "{channel} {kind} added, marks: {n}",
    "added_several": "{added} marks added, marks: {n}",
    "removed": "{channel} {kind} removed, marks: {n}",
    "moved": "Mark moved",
    "selected": "{channel} {kind}, mark {at} of {n}, selected",
    "line_at": "Line {n} of {of}{marked}",
    "line_marked": ", marked",
    "key_box": "Arrow keys move the box, Shift and arrow keys resize it, Enter adds it",
    "count": "Marks: {n}",
    "cleared": "All marks cleared",
    "opened": "Page {page} of {of} opened, marks: {n}",
    "closed": "Page closed",
    "not_upright": "The text on this page does not seem to be upright.",
    "is_photo": "This looks like a photograph of a page.",
    "laid_out": "Page turned or straightened, marks: {n}",
    "sheet_seen": "The corners of a sheet were found: 1 to 4 choose one, arrows move it, Enter "
    "straightens, Escape leaves the page as it is",
    "sheet_unseen": "The lines run down to the right by {angle} degrees: Enter straightens, Escape "
    "leaves the page as it is",
    "corner_chosen": "Corner {at} of 4 chosen: arrows move it",
    "lines_looking": "Looking for lines…",
    "lines_none": "No lines of text were found on this page: draw a box instead.",
    "lines_failed": "The app could not look for lines on this page: draw a box instead.",
    "crop_needs": "Nothing is highlighted: first highlight the part of the page to keep.",
    "no_file": "That is not a file: save the page as an image or PDF first, then drop it here.",
    "not_restored": "Your page is no longer on the server: open it again, and its marks will "
    "come back.",
    "server_lost": "The app is not responding. Your marks are kept: try again in a moment.",
    "upload_failed": "Could not send {name} to the app: it may be larger than 64 MB, or the app "
    "was closed. Try a smaller file, or start the app again.",
    # Instead of the keys where one points with a finger.
    "touch_intro": "With your fingers on the page:",
    "touch_rows": (
        ("Tap a line", "Marks it, while the tool is Line"),
        ("Drag with one finger", "Draws a box, or what the tool draws; moves the page where the "
         "tool is Move the page"),
        ("Drag with two fingers", "Moves the page, whichever the tool"),
        ("Pinch", "Zooms"),
        ("Tap a mark", "Selects it, while the tool is Select; drag it to move it"),
        ("⋯", "More tools: lasso, Select, Move the page, redo, crop, close the page"),
        ("Drag a corner", "While straightening: moves it to that of the sheet"),
        ("Tap a word of the answer", "Says how sure the model is of it"),
    ),
    # The list of keys, in this order.
    "help_rows": (
        ("C, R, B, L", "Line, box, brush, lasso"),
        ("H, M", "Highlight, mask"),
        ("Shift + drag", "The other kind of mark: mask instead of highlight, or the reverse"),
        ("Click, Shift + click", "Marks a line; all lines from the last one to this one"),
        ("↑ ↓, Enter", "Move through the lines; mark one (Shift + Enter: all from the last)"),
        ("Arrows with box", "Move a box; Shift + arrows resize it, Enter adds it, Esc drops it"),
        ("[ ]", "Brush size"),
        ("E, Del", "Select marks (also ↑ ↓), drag to move them; delete one"),
        ("1 to 4, arrows, Enter", "While straightening: choose a corner, move it, straighten"),
        ("Ctrl+Z, Ctrl+Shift+Z", "Undo, redo: marks, pages, crops, turns (also Ctrl+Y)"),
        ("+ − 0 F", "Zoom in, zoom out, 100 %, fit"),
        ("Ctrl + wheel, two fingers", "Zoom"),
        ("Space + drag, wheel", "Move the page (also the middle button, two fingers)"),
        ("PgUp, PgDn", "Previous page, next page, over all files"),
        ("I", "Show what the model sees beside the page; again to go back"),
        ("Ctrl+Enter", "Run, from anywhere"),
        ("Esc", "Drop the mark being drawn or the selection, else stop the model"),
        ("?", "This list"),
    ),
}

# What is wrong with a page or with marks.
PAGE_GONE = "This page is no longer on the server: open it again."
PAGE_CHANGED = "The marks were drawn on a page of another size: open the page again."
NO_PAGE = "There is no page: open one or pick an example."
NO_ADDRESS = "Send the page itself, not its address: this app fetches nothing from other hosts."
NO_NUMBER = "The number of the page must be a whole number, 0 for the first: open the page again."
TOO_MANY_QUESTIONS = "Three of your questions are waiting already: ask again when one is answered."
BUSY = "Many people are opening pages: try again in a moment."
NO_PASSWORD = "Type the password of this PDF, or open another file."
NO_BOX = "There is nothing to crop to: give the four numbers x0, y0, x1, y1 in page pixels."
