/** Sizes as the field writes them: 7664 KB, 16 MB for whole chips, bytes where neither is whole. */
export function sizeText(bytes: number): string {
  if (bytes >= 8 * 1048576 && bytes % 1048576 === 0) return `${bytes / 1048576} MB`
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} B`
}

/** `1 file`, `2 files`. */
export const countText = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`

export function timeText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

export const hexText = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

/** Columns as wide as their widest entry; `right` names those that are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => {
    const width = widths[column] ?? 0
    return right.includes(column) ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd())
}
