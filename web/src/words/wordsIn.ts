/** What a person wrote into one field, with spaces or commas between. */
export const wordsIn = (text: string) => text.split(/[\s,]+/).filter((word) => word !== "");
