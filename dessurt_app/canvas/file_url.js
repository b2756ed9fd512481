// This file is put in front of those that show files of the server.

/** The address of a file that the server has named by its path. */
function fileUrl(path) {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL("gradio_api/file=" + encoded, document.baseURI).href;
}

