/** One line of CSV (RFC 4180); a spreadsheet takes none of it for a formula. */
export const csvLine = (cells: string[]) =>
  cells.map((cell) => `"${(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell).replaceAll('"', '""')}"`).join(",") + "\r\n";
