/** `make page`: builds the web page of the gateway. */
import { buildPage } from './dev/start-dev-run.ts';

await buildPage((line) => console.log(line));
