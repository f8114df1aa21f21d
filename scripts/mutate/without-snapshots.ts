/** For Jest: every snapshot matches. People accept snapshots with `-u`, so a mutant that only a snapshot catches survives. */
const fits = () => ({ pass: true, message: () => "" });

expect.extend({
  toMatchSnapshot: fits,
  toMatchInlineSnapshot: fits,
  toThrowErrorMatchingSnapshot: fits,
  toThrowErrorMatchingInlineSnapshot: fits,
});
