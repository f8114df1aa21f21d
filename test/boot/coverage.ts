/**
 * The test that covers each difference between the sandbox and a VM on Azure, by its name
 * (sandbox/machine/differences.ts): the boot test, the sandbox's own tests, or none.
 */
export const coverage: Readonly<Record<string, string>> = {
  "Private root": "boot test: files at their own paths",
  "User data":
    "boot test: the timer runs apply-user-data, confined, which takes a change from IMDS and reports it on the console",
  "Vault and Node.js":
    "sandbox: install-release against a server of its own. Boot test: that it runs confined and finds them. No test downloads HashiCorp's or Node.js's own archive on a VM",
  Listeners: "boot test: all TCP listeners, and none other",
  "Names of a cluster's nodes": "the rehearsal, by name; boot test (cluster), three VMs on one Ethernet",
  "MySQL's name": "`npm test`: the policy as it is on Azure, tried on a real Vault; the rehearsal, by name",
  "Audit log":
    "`npm test`: the policy as it is on Azure, tried on a real Vault; the rehearsal, at its own path",
  "Users and groups": "boot test: owners and modes; services run as their users",
  Confinement:
    "boot test: attempts from inside each service of both VMs, among them a cluster's and the snapshots'; `npm test`: `systemd-analyze verify` and `security`, on every unit there is",
  "Way to Azure":
    "boot test: names and 169.254.169.254 without a proxy, trusted by the system's own list. Public DNS and certificates: only Azure",
  "Ubuntu's units":
    "`npm test`: logrotate itself, on the project's settings. Boot test: that its timer runs it, as the user data say",
  Restarts: "boot test: systemd's own, after kill -9, a reboot (nvme) and a power cut",
  Readiness: "boot test: systemd's own",
  "Disks and tmpfs":
    "boot test: formatting, mounts and their options, power cut; boot test (nvme): reboot; boot test (power-cuts): power cuts in first boot, a disk with something else on it, a disk that comes too late. The disk's name is given by the guest's own rule, not by Azure's",
  Timers:
    "boot test: the timers that run within minutes (user data, state of Vault, snapshot, logs); boot test (timers), with the clock moved: certificate, drill, updates",
  "Renewed certificate": "`npm test`: a renewal with 15 minutes; boot test (timers): with the clock moved",
  "Not run": "boot test: cloud-init, packages, users, logrotate; boot test (timers): unattended upgrades",
  "Operating system":
    "boot test: Ubuntu 24.04 from Ubuntu's packages; it is not Azure's image, and its kernel is Ubuntu's for virtual machines",
};
