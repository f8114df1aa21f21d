/** Networks that a virtual network or a visitor can never have. Source: Azure, virtual network FAQ. */
export const specialNetworks = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "168.63.129.16/32",
  "224.0.0.0/4",
  "255.255.255.255/32",
];
