/** What a fleet has done so far. `sent` = `stored` + `lost` + `waiting`. */
export interface FleetFigures {
  readonly agents: number;
  readonly beats: number;
  /** By the way they were made; one that goes out twice counts once. */
  readonly said: Readonly<Record<'honest' | 'duplicate' | 'late' | 'lie', number>>;
  /** Beats of an agent on which the score has it say nothing. */
  readonly silent: number;
  /** Left unsaid because the fleet could not keep up, or the stream could not. */
  readonly held: number;
  /** Messages handed over for storing. */
  readonly sent: number;
  readonly stored: number;
  readonly lost: number;
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
}
