import { diskControllerOf } from "../../environments/vm-size";

describe("Azure attaches the disks", () => {
  it.each([
    ["Standard_D2s_v5", "SCSI"],
    ["Standard_D2s_v6", "NVMe"],
    ["Standard_E4ads_v7", "NVMe"],
    ["Standard_D2s_v10", "NVMe"],
    ["Standard_B2ms", "SCSI"],
    ["Standard_v9_D2s", "SCSI"],
  ])("of %s by %s", (size, controller) => {
    expect(diskControllerOf(size)).toBe(controller);
  });
});
