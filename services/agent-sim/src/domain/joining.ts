/** How many of a fleet have joined: the first at once, the others one by one. All at once without a time between them. */
export function joinedAgents(agents: number, staggerMs: number, passedMs: number): number {
  if (staggerMs === 0) return agents;
  return Math.min(agents, Math.floor(Math.max(0, passedMs) / staggerMs) + 1);
}
