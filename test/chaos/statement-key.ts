/** Each statement of a client carries a number of its own: as a comment, or as the row that it writes. */
export function statementKey(text: string, parameters?: string): number | undefined {
  const marked = /\/\* (\d+) \*\//.exec(text)?.[1];
  const written = /^INSERT INTO ledger VALUES \(\$1\)$/.test(text)
    ? /\$1 = '(\d+)'/.exec(parameters ?? "")?.[1]
    : undefined;
  const key = marked ?? written;
  return key === undefined ? undefined : Number(key);
}
