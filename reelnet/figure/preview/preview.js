// Where the page begins.

import { HttpConnection } from "./connection.js";
import { Page } from "./page.js";

const connection = new HttpConnection();
const page = new Page(document.body, connection);
connection.connect();
page.start();
