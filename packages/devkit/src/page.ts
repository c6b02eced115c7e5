/** `make page`: builds the web page of the gateway. */
import { buildPage } from './dev/build-page.ts';
import { messageOf } from './dev/say-failure.ts';

try {
  await buildPage((line) => console.log(line));
  console.log('services/gateway/page-dist/ is built.');
} catch (cause) {
  console.error(messageOf(cause));
  process.exit(1);
}
