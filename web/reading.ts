// What helps one read a chapter.

export function start(): void {}
