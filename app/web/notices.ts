/** After something was done the browser is sent on, so that loading anew does not do it twice; the next page says what was done. */
export const notices: ReadonlyMap<string, string> = new Map([
  ["added", "The customer was added."],
  ["saved", "The changes were saved."],
  ["merged", "Your changes were saved, beside those that somebody else saved meanwhile."],
  ["restored", "The customer is back."],
]);
