import { z } from "zod";
import { readCloudConfig } from "../../../cloud-init/cloud-config";
import { PACKAGES, REPOSITORY_PACKAGES } from "../../../sandbox/guest/guest-image";
import { machinesWithEveryFile } from "../../cloud-init/examples";

describe("The guest's image", () => {
  // A distribution may replace a package of another package's dependencies: Debian's apt needs sqv today and needed gpgv before.
  it.each(machinesWithEveryFile)(
    "names each package that the user data of $machine installs",
    ({ userData }) => {
      const packages = z.array(z.string()).parse(readCloudConfig(userData)["packages"]);
      expect(packages).not.toEqual([]);
      expect(packages.filter((name) => ![...PACKAGES, ...REPOSITORY_PACKAGES].includes(name))).toEqual([]);
    },
  );
});
