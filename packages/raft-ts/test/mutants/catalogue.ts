/** One way to get Raft wrong: a piece of source that is replaced by another. */
export interface Mutant {
  readonly name: string;
  /** Below `src`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

function of(
  file: string,
  list: readonly (readonly [name: string, from: string, to: string])[],
): readonly Mutant[] {
  return list.map(([name, from, to]) => ({ name, file, from, to }));
}

const election = of('election.ts', [
  ['votes twice', 'core.vote === message.from ||', 'core.vote !== NONE ||'],
  ['votes for any log', 'free && core.log.isUpToDate(message.lastIndex, message.lastTerm)', 'free'],
  ['votes against its leader', '(core.vote === NONE && core.leader === NONE) ||', 'core.vote === NONE ||'],
  [
    'own vote counts before it is durable',
    "core.promise({ type: pre ? 'preVoteReply' : 'voteReply', to, granted: true }, term);",
    "onVoteReply(core, { type: pre ? 'preVoteReply' : 'voteReply', to, from: to, granted: true, term });",
  ],
  [
    'pre-vote raises the term',
    "core.role = 'preCandidate';",
    "core.term += 1;\n  core.role = 'preCandidate';",
  ],
  [
    'pre-vote of any term counts',
    "if (message.type === 'preVoteReply' && message.granted && message.term !== core.term + 1) return;",
    '',
  ],
  [
    'pre-votes elect',
    "message.type !== expected || (core.role !== 'preCandidate' && core.role !== 'candidate')",
    "core.role !== 'preCandidate' && core.role !== 'candidate'",
  ],
  [
    'refusals count as votes',
    'core.votes.set(message.from, message.granted)',
    'core.votes.set(message.from, true)',
  ],
  [
    'stickiness off',
    'return checkQuorum && core.leader !== NONE && core.electionElapsed < electionTicks;',
    'return false;',
  ],
  [
    'a vote does not restart the timer',
    '  core.electionElapsed = 0;\n  core.vote = message.from;',
    '  core.vote = message.from;',
  ],
  ['no entry opens the term', 'appendOwn(core, [new Uint8Array()]);', ''],
  ['stands while a snapshot is unsaved', 'return core.log.unstableSnapshot === undefined;', 'return true;'],
  ['stands within the lease', "if (boundByLease(core) && kind !== 'transfer') return false;", ''],
  ['votes within the lease', 'if (boundByLease(core)) return true;', ''],
  ['candidate keeps its old vote', 'core.vote = core.id;', ''],
]);

const state = of('core.ts', [
  ['vote is cleared within a term', 'if (term !== this.term) {', 'if (term >= this.term) {'],
  ['timeouts are not random', 'electionTicks + Math.floor(random() * electionTicks)', 'electionTicks'],
  [
    'restart frees from the lease',
    'hard.term === 0 ? Number.POSITIVE_INFINITY : 0',
    'Number.POSITIVE_INFINITY',
  ],
  ['commit is forgotten at restart', 'this.log.commitTo(Math.max(this.log.committed, hard.commit));', ''],
  ['votes of the last election count', 'this.votes.clear();', ''],
  ['lease lasts through a transfer', 'this.transferee !== NONE || this.transferSent', 'false'],
  ['read index of an old term', 'return this.log.term(this.log.committed) === this.term;', 'return true;'],
]);

const steps = of('step.ts', [
  [
    'acknowledgements of old terms count',
    'if (message.term < core.term) answerOldTerm',
    "if (message.term < core.term && message.type === 'appendAccepted') dispatch(core, message);\n  else if (message.term < core.term) answerOldTerm",
  ],
  [
    'votes of old terms count',
    'if (message.term < core.term) answerOldTerm',
    "if (message.term < core.term && message.type === 'voteReply') dispatch(core, message);\n  else if (message.term < core.term) answerOldTerm",
  ],
  [
    'appends of old terms are taken',
    'if (message.term < core.term) answerOldTerm',
    "if (message.term < core.term && message.type === 'append') dispatch(core, message);\n  else if (message.term < core.term) answerOldTerm",
  ],
  ['pre-vote request raises the term', "if (type === 'preVote' || (type", 'if ((type'],
  [
    'leader ignores higher terms',
    '  const leads = type ===',
    '  if (core.isLeader) return false;\n  const leads = type ===',
  ],
  [
    'old leaders are not told',
    "(type === 'append' || type === 'heartbeat') && (checkQuorum || preVote)",
    'false && (checkQuorum || preVote)',
  ],
  ['transfer votes bounce off', '!message.transfer && isSticky(core)', 'isSticky(core)'],
  ['second leader is obeyed', "if (core.isLeader) return 'two_leaders';", ''],
  [
    'entries with gaps are taken',
    "if (message.type === 'append' && !entriesFollow(message)) return 'malformed';",
    '',
  ],
  [
    'acknowledged beyond the log',
    "if (ofOurLog && message.index > core.log.lastIndex) return 'malformed';",
    '',
  ],
]);

const replication = of('replication.ts', [
  ['commits old terms by counting', '|| core.log.term(index) !== core.term', ''],
  [
    'commits what one node has',
    'quorumValue(core.groups, (id) => core.progressOf(id).match)',
    'Math.max(...core.voters.map((id) => core.progressOf(id).match))',
  ],
  ['lease counts from the answer', 'Math.max(progress.ackedTick, message.sentTick)', 'core.ticks'],
  ['old answers confirm reads', 'Math.max(progress.ackedReadRound, message.readRound)', 'core.reads.round'],
  [
    'hands over to who lags',
    'if (core.progressOf(to).match === core.log.lastIndex) sendTimeoutNow(core, to);\n  else sendAppend(core, to);',
    'sendTimeoutNow(core, to);',
  ],
  ['failed transfer keeps the lease', "if (core.config.readMode === 'lease') core.transferSent = true;", ''],
  [
    'flow never resumes',
    'progress.recentlyActive = true;\n  progress.flowPaused = false;',
    'progress.recentlyActive = true;',
  ],
  [
    'lost snapshot is never sent again',
    "if (progress.state === 'snapshot' && overdue)",
    'if (false && overdue)',
  ],
  ['hint terms are ignored', 'message.hintTerm > 0', 'false'],
  ['snapshot to who is silent', 'if (!progress.recentlyActive) return false;', ''],
  ['activity is never forgotten', 'progress.recentlyActive = id === core.id;', ''],
]);

const following = of('follower.ts', [
  [
    'commits beyond the append',
    'Math.min(message.commit, lastNew)',
    'Math.min(message.commit, core.log.lastIndex)',
  ],
  [
    'acknowledges its whole log',
    "core.promise({ type: 'appendAccepted', to: from, index: lastNew });",
    "core.promise({ type: 'appendAccepted', to: from, index: core.log.lastIndex });",
  ],
  [
    'leader does not restart the timer',
    'core.electionElapsed = 0;\n    core.leader = leader;',
    'core.leader = leader;',
  ],
  ['candidate ignores the leader', 'core.becomeFollower(core.term, leader);', ''],
  ['old snapshot is installed', 'if (snapshot.index <= core.log.committed) return false;', ''],
  ['snapshot drops what follows it', 'if (core.log.matches(snapshot)) {', 'if (snapshot.index < 0) {'],
  ['lease is forgotten with the leader', "|| core.config.readMode === 'lease'", ''],
]);

const log = of('log.ts', [
  [
    'longer log wins over later term',
    'lastTerm > ours || (lastTerm === ours && lastIndex >= this.lastIndex)',
    'lastIndex >= this.lastIndex',
  ],
  [
    'later term is enough',
    'lastTerm > ours || (lastTerm === ours && lastIndex >= this.lastIndex)',
    'lastTerm >= ours',
  ],
  ['appends without looking back', 'if (!this.matches(prev)) return false;', ''],
  [
    'old append cuts the log',
    'if (conflict === -1) return true;',
    'if (conflict === -1) {\n      if (entries.length > 0 && prev.index >= this.committed) this.#truncateAndAppend(prev.index + 1, entries);\n      return true;\n    }',
  ],
  [
    'conflicting tail is kept',
    'this.#unstable.length = first - this.#offset;',
    'this.#unstable.splice(first - this.#offset, entries.length);',
  ],
  ['replaced entries count as written', '|| this.term(point.index) !== point.term', ''],
  ['snapshot index is off by one', 'this.#offset = snapshot.index + 1;', 'this.#offset = snapshot.index;'],
  [
    'applied before the snapshot is in',
    'if (this.#unstableSnapshot !== undefined || this.applied >= this.committed) return [];',
    'if (this.applied >= this.committed) return [];',
  ],
]);

const rest = [
  ...of('quorum.ts', [
    [
      'quorum is one less',
      'return Math.floor(voters / 2) + 1;',
      'return Math.max(1, Math.floor(voters / 2));',
    ],
    ['half is a majority', 'return Math.floor(voters / 2) + 1;', 'return Math.ceil(voters / 2);'],
  ]),
  ...of('ready.ts', [
    ['vote is not persisted', 'vote: core.vote,', 'vote: 0,'],
    ['vote is not flushed', '|| hard.vote !== this.#hard.vote', ''],
    ['term is not flushed', 'hard.term !== this.#hard.term || ', ''],
    ['entries are not flushed', 'mustSync: entries.length > 0 || ', 'mustSync: '],
    ['commit is not persisted', 'commit: core.log.committed };', 'commit: 0 };'],
  ]),
  ...of('progress.ts', [
    [
      'any number of appends under way',
      'return this.#inflight.length >= this.#inflightMax;',
      'return false;',
    ],
    ['old refusals count', 'if (this.next - 1 !== rejected) return false;', ''],
    [
      'goes back behind what matches',
      'Math.max(Math.min(rejected, hint + 1), this.match + 1)',
      'Math.min(rejected, hint + 1)',
    ],
    ['probes forward only', 'Math.max(Math.min(rejected, hint + 1), this.match + 1)', 'this.next'],
  ]),
  ...of('read-index.ts', [
    ['reads without a quorum', 'core.voters.length === 1 ||', 'core.voters.length > 0 ||'],
    [
      'reads from a lease that is over',
      'core.ticks - tick < core.config.leaseTicks',
      'core.ticks - tick < 100 * core.config.leaseTicks',
    ],
  ]),
  ...of('heartbeat.ts', [
    [
      'heartbeat commits what is not there',
      'Math.min(progress.match, core.log.committed)',
      'core.log.committed',
    ],
  ]),
  ...of('tick.ts', [
    ['leader without quorum stays', 'core.config.checkQuorum && !quorumActive(core)', 'false'],
    ['transfer is never given up', 'else if (core.transferee !== NONE) abortTransfer(core);', ''],
  ]),
  ...of('raft.ts', [
    ['proposals during a transfer', "if (core.transferee !== NONE) return 'transferring';", ''],
    [
      'promises of old terms are kept',
      'if (message.term === this.#core.term || ofPreVote) dispatch',
      'dispatch',
    ],
  ]),
  ...of('lease.ts', [
    ['lease ignores the clocks', ' * (PPM / (PPM + terms.driftPpm))', ''],
    ['lease is too long', 'terms.electionTicks - 2', 'terms.electionTicks + 2'],
  ]),
  ...of('node/file-storage.ts', [
    ['log is not flushed', 'if (writes.mustSync) await this.#sync();', ''],
    ['writes on after a failure', 'if (this.#failure !== undefined) throw this.#failure;\n      try', 'try'],
  ]),
  ...of('node/recovery.ts', [
    ['lost bytes are taken for a torn write', 'if (soundBytes < mark.bytes) {', 'if (soundBytes < 0) {'],
    [
      'name of the new log is not flushed',
      'await disk.rename(name + NEW_SUFFIX, name);\n  await disk.syncDirectory();',
      'await disk.rename(name + NEW_SUFFIX, name);',
    ],
  ]),
  ...of('node/record.ts', [
    ['records may change places', 'prefix.writeUInt32LE(previous, 4);', ''],
    ['content is not checked', 'if (sum !== bytes.readUInt32LE(at + 4)) break;', ''],
  ]),
  ...of('node/secrets.ts', [
    [
      'a previous secret of both will do',
      "code(current, 'dialer, previous', who)",
      "code(previous ?? current, 'dialer, previous', who)",
    ],
    [
      'any proof may stand in for the present one',
      "code(previous, 'dialer, previous', who)",
      "code(previous, 'dialer', who)",
    ],
    [
      'the second proof is not covered',
      "code(current, 'dialer', who, second)",
      "code(current, 'dialer', who)",
    ],
    [
      'the previous secret counts for ever',
      'return isCurrentThere ? previous : undefined;',
      'return previous;',
    ],
    ['any answer will do', 'return isPrevious ? previous : undefined;', 'return previous ?? current;'],
  ]),
  ...of('node/driver.ts', [
    [
      'sends before it writes',
      'if (writes) await this.#persist(ready);',
      'for (const message of ready.messages) this.#transport.send(message);\n      if (writes) await this.#persist(ready);',
    ],
  ]),
];

export const MUTANTS: readonly Mutant[] = [
  ...election,
  ...state,
  ...steps,
  ...replication,
  ...following,
  ...log,
  ...rest,
];
