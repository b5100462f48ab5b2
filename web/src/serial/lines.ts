/** How many lines a text has; an end without anything after it begins none. */
export const linesOf = (text: string) => text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").length;
