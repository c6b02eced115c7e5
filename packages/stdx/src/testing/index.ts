/** What tests of several packages share; nothing here is loaded by a service. */
export { fuzz, type FuzzTarget } from './fuzz.ts';
export { mutateMessage } from './mutate-message.ts';
