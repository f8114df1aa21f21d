import { StringResource } from "@cdktf/provider-random/lib/string-resource";
import { Construct } from "constructs";

/** Six random characters that make a name unique where all of Azure's customers share one namespace. */
export class GlobalSuffix extends Construct {
  readonly value: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.value = new StringResource(this, "suffix", { length: 6, upper: false, special: false }).result;
  }
}
