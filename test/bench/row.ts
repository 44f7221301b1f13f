/** One line of the bench table. `value` is what was seen, `goal` says in words what it has to be. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal: string
  readonly ok: boolean
}
