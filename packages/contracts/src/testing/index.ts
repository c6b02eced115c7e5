/** Valid messages for tests to begin with, read by the contract itself so that they cannot rot; no service loads this. */
export { agentView, deploymentView, taskView, taskWithBody } from './views.ts';
export { rotation, windowClose } from './backbeat-messages.ts';
export { cloudEventOf, type EventParts } from './cloud-event.ts';
