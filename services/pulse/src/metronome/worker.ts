/** The thread that keeps time: nothing but Raft, the score and the beats' own connections lives in it. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@whoosh/stdx';
import { makeDirectory } from 'raft-ts/node';
import { type MetronomeSettings, type Notice, type Order } from './messages.ts';
import { Metronome } from './metronome.ts';
import { raisePriority } from './priority.ts';

const port = parentPort;
assert(port !== null, 'the metronome runs in a worker thread');
const tell = (notice: Notice): void => port.postMessage(notice);
const settings = workerData as MetronomeSettings;
await makeDirectory(settings.directory);
const isFirst = raisePriority();

const metronome = await Metronome.start(settings, tell, (failure) => {
  // Ends the thread, and with it the process: a node that cannot keep its log must not go on.
  throw failure;
});
tell({ type: 'started', picture: metronome.picture() });
if (!isFirst) {
  const message = 'the metronome may not go before other work: beats are later when all cores are busy';
  tell({ type: 'log', level: 'info', message, fields: {} });
}

async function obey(order: Order): Promise<void> {
  if (order.type === 'ask') {
    tell({ type: 'answer', id: order.id, reply: await metronome.answer(order.request) });
    return;
  }
  await metronome[Symbol.asyncDispose]();
  tell({ type: 'stopped' });
  port?.close();
}
port.on('message', (order: Order) => void obey(order));
