/** For Jest: every snapshot fits. People accept snapshots with `-u`, so a mutant that only a snapshot notices lives. */
const fits = () => ({ pass: true, message: () => "" });

expect.extend({
  toMatchSnapshot: fits,
  toMatchInlineSnapshot: fits,
  toThrowErrorMatchingSnapshot: fits,
  toThrowErrorMatchingInlineSnapshot: fits,
});
