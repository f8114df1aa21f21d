/**
 * Matches the Azure id of one kind of resource.
 * @param type the end of the regular expression, after `providers/`: `Microsoft\\.Network/virtualNetworks/${AZURE_NAME}`
 */
export const azureId = (type: string): RegExp =>
  new RegExp(`^/subscriptions/[0-9a-f-]{36}/resourceGroups/${AZURE_NAME}/providers/${type}$`);

/** The name of a resource or group in an id. It has no character that Terraform or a string would interpret. */
export const AZURE_NAME = '[^/$%"]+';
