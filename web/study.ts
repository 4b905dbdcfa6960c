// Studying: cards answered in place in the chapters, and the study page.

import "./study.css";

export function start(): void {}
