import type { Mutant } from "./mutant";
import { applicationMutants } from "./mutants/application";
import { azureMutants } from "./mutants/azure";
import { confinementMutants } from "./mutants/confinement";
import { dayTwoMutants } from "./mutants/day-two";
import { environmentMutants } from "./mutants/environments";
import { scriptMutants } from "./mutants/scripts-and-workflows";
import { vaultMutants } from "./mutants/vault";
import { virtualMachineMutants } from "./mutants/virtual-machines";

/** Mistakes that an expert would fear. */
export const mutants: readonly Mutant[] = [
  ...environmentMutants,
  ...azureMutants,
  ...dayTwoMutants,
  ...vaultMutants,
  ...virtualMachineMutants,
  ...confinementMutants,
  ...applicationMutants,
  ...scriptMutants,
];
