import { render } from "preact";
import { App } from "./app";
import { start } from "./state";
import "./theme.css";

render(<App />, document.getElementById("page") as HTMLElement);
void start();
