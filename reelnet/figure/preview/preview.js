// Where the page begins.

import { readAddress, writeAddress } from "./address.js";
import { HttpConnection } from "./connection.js";
import { Page } from "./page.js";

const connection = new HttpConnection();
const page = new Page(document.body, connection, writeAddress);
addEventListener("beforeunload", (event) => {
  if (page.isUnsaved) event.preventDefault();
});
connection.connect();
page.start(readAddress());
