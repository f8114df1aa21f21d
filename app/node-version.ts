/**
 * The Node.js that the application is built for, on App Service and on VMs alike. 24 is maintained until April 2028.
 * Source: the Node.js release schedule.
 */
export const NODE_MAJOR = 24;
