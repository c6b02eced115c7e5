/** What the tests of services with an outbox share; nothing here is loaded by a service. */
export { insertTask, Neighbours } from './neighbours.ts';
export {
  connectTestBus,
  openSurroundings,
  openTestDatabase,
  type Surroundings,
  type SurroundingsOptions,
} from './surroundings.ts';
