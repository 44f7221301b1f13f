/** With less than this the next writes may not fit, whatever became of the last one. */
const roomBytes = 1024 * 1024

/** Whether the journal can be trusted to take what comes, and why not. */
export function journalHealth(damagedRows: number, freeBytes: number): { readonly ok: boolean; readonly note: string } {
  const note = damagedRows > 0 ? `${String(damagedRows)} damaged ${damagedRows === 1 ? 'row' : 'rows'}` : freeBytes < roomBytes ? 'no room left on its disk' : ''
  return { ok: note === '', note }
}
