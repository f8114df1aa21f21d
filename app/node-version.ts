/**
 * The application's Node.js version, on App Service and on VMs. Node.js 24 is maintained until April 2028.
 * Source: the Node.js release schedule.
 */
export const NODE_MAJOR = 24;
