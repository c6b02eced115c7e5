import { expect, test } from 'vitest';
import { LeaderLog } from './leader-log.ts';
import { type Picture } from './metronome/messages.ts';

test('says each change once', () => {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => {
    const { term, leader } = fields as { term: number; leader?: string };
    lines.push([message, leader, term].filter((part) => part !== undefined).join(' '));
  };
  const log = new LeaderLog('n1', { info: write, warn: write } as never);
  const see = (leader: string | null, term: number): void =>
    log.hear({ type: 'role', picture: { leader, term, beat: null } as Picture });
  see(null, 0);
  see('n2', 1);
  see('n2', 1);
  see(null, 1);
  see('n1', 2);
  see('n1', 2);
  see('n1', 4);
  log.hear({ type: 'hedged' });
  expect(lines).toEqual(['this node follows n2 1', 'no leader 1', 'this node leads 2', 'this node leads 4']);
});
