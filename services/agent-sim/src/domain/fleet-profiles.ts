/** What the agents of a fleet can do: mixes as they occur in real teams, never what a council asks for. */
const MIXES: readonly (readonly string[])[] = [
  ['typescript', 'node', 'backend', 'api', 'testing'],
  ['javascript', 'react', 'frontend', 'ux'],
  ['testing', 'typescript', 'docs', 'planning'],
  ['postgres', 'database', 'backend', 'performance'],
  ['devops', 'docker', 'kubernetes', 'testing'],
  ['security', 'backend', 'api', 'testing'],
  ['python', 'data', 'machine-learning', 'backend'],
  ['planning', 'docs', 'api', 'frontend', 'backend'],
  ['go', 'backend', 'nats', 'performance', 'cli'],
  ['rust', 'performance', 'cli', 'testing'],
  ['java', 'backend', 'database', 'mobile'],
  ['docs', 'ux', 'frontend', 'planning'],
];

const MODELS = ['llama3.1', 'qwen2.5-coder', 'mistral-small'] as const;

export interface FleetProfile {
  readonly agentId: string;
  readonly capabilities: readonly string[];
  readonly model: string;
}

/** @param index from 0; the same index is the same agent, whatever the size of the fleet */
export function fleetProfile(prefix: string, index: number): FleetProfile {
  const capabilities = MIXES[index % MIXES.length] as readonly string[];
  const model = MODELS[Math.floor(index / MIXES.length) % MODELS.length] as string;
  return { agentId: `${prefix}-${String(index + 1).padStart(4, '0')}`, capabilities, model };
}
