import { randomUUID } from 'node:crypto';
import { type CloudEvent, type DataOf, tasks } from '@whoosh/contracts';
import { cloudEventOf, taskView } from '@whoosh/contracts/testing';

/** An event as the relay of the monitor publishes it. */
export function taskOpened(title: string): {
  subject: string;
  event: CloudEvent<DataOf<typeof tasks.taskOpened>>;
} {
  const id = randomUUID();
  const change = { from: null, to: 'open', reason: 'seen', by: 'monitor' };
  return {
    subject: tasks.taskOpened.subject.at({ id }),
    event: cloudEventOf(tasks.taskOpened, {
      id: randomUUID(),
      subject: id,
      source: '/whoosh/monitor',
      data: { ...taskView({ id, title, kind: 'brief' }), change },
    }),
  };
}
