"""The pile: many files, reading all their pages, and taking home what was read."""

# Names as for the canvas: those of the placeholders in pile/pile_view.html and of the sentences
# that the scripts beside it say.
PILE = {
    "pile": "All pages",
    "read_all": "Read all pages",
    "go_on": "Go on reading",
    "try_again": "Try again",
    "stop_reading": "Stop",
    "problems_list": "Files and pages with problems",
    "close_pile": "Put these files away",
    "close_pile_hint": "Put these files away, and delete what was read of them",
    "close_sure": "Put {n} pages away? What was read of them is deleted: export it first.",
    "put_away": "Put away",
    "cancel_pile": "Keep them",
    "problems_close": "Close this list",
    "export": "Export…",
    "export_title": "Export what was read",
    "export_scope": "What",
    "scope_page": "This page",
    "scope_file": "This file",
    "scope_all": "Everything that was read: {n} pages",
    "export_format": "As",
    "download": "Download",
    "export_close": "Close",
    "export_hint": "Several files come as one ZIP. Corrected text comes instead of what was read.",
    # Said by the script:
    "exporting": "Writing the file…",
    "exporting_part": "Writing files: {n} of {of}",
    "exported": "Done: {name}",
    "sending": "Sending files: {n} of {of}",
    "idle": "{pages} pages, {read} read",
    "reading": "{n} of {of} pages",
    "left": "{n} of {of} pages, {time} left",
    "seconds": "less than a minute",
    "minute": "about a minute",
    "minutes": "about {n} minutes",
    "hours": "about {n} hours",
    "waiting": "waiting for files",
    "now": "{name}: {text}",
    "stopped": "Stopped: {n} of {of} pages",
    "all_read": "All {of} pages are read",
    "all_but": "{n} of {of} pages are read",
    "lost": "The reading was cut off: press Go on reading.",
    "problems": "Problems: {n}",
    "more_problems": "… and {n} more",
    "page_of": "{name}, page {n}",
    "not_a_page": "This is not an image or a PDF.",
    "empty_file": "This file is empty.",
    "too_large": "This file is larger than 64 MB: save it smaller, or split it.",
    "not_sent": "This file could not be sent to the app: drop it again.",
    "too_many": "Here a pile has at most {most} files, and these are {n}: drop fewer at a time.",
    "too_much": "Here a pile has at most {most} MB, and these are {n} MB: drop fewer at a time.",
    "cut_off": "Not all files had been sent when the page was loaded again: drop the others again.",
    "folder_empty": "There is no image or PDF in this folder.",
    "server_lost": "The app is not responding: try again in a moment.",
}

PILE_GONE = "These files are no longer on the server: open them again."
PILE_FULL = "A pile has at most {files} files: open the others when these are done."
PILE_TOO_LONG = "This file has {pages} pages; a pile has at most {most} in all: open it alone."
PILE_NO_PAGE = "There is no such page among these files: reload the screen."
PILE_NOT_READ = "This page has not been read yet: read it first, then correct it."
PILE_NO_ROOM = "There is no room left on the server: export what was read, and put files away."

EXPORT_TITLE = "pages"
EXPORT_NOTHING = "Nothing of this has been read yet: press Read all pages first."
EXPORT_NO_FORMAT = "There is no such format: choose one from the list."
EXPORT_NO_FIELDS = (
    "No form has been read here: choose the task that reads a form as JSON, press Run on the pages "
    "that are forms, then export."
)
EXPORT_TOO_MUCH = "That is too much for one file: export a file or a page at a time."
EXPORT_GOES_ON = "These pages are being exported already: wait until that is done."
EXPORT_BUSY = "Many people are exporting: try again in a moment."
EXPORT_FORMATS = {
    "txt": "Plain text",
    "md": "Markdown",
    "json": "JSON",
    "csv": "Form fields (CSV)",
    "hocr": "hOCR",
    "alto": "ALTO 4 (XML)",
    "page": "PAGE 2019 (XML)",
    "pdf": "Searchable PDF",
}
