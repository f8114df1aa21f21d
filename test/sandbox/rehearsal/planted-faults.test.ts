import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plantedFaults } from "../../../sandbox/rehearsal/planted-faults";

const project = join(__dirname, "../../..");

describe("The mistakes that npm run rehearse -- --faults plants", () => {
  it("number ten or more", () => {
    expect(plantedFaults.length).toBeGreaterThanOrEqual(10);
  });

  it.each(plantedFaults.flatMap(({ what, edit }) => (edit ? [[what, ...edit] as const] : [])))(
    "can be planted: %s",
    (_, file, text) => {
      const content = readFileSync(join(project, file), "utf8");
      expect(content.split(text)).toHaveLength(2);
    },
  );
});
