import type { CaptureSession } from '../../../../shared/captures/captures.schema.ts'
import type { Part } from './partFile.ts'

/** Parts put together again; newest session first. */
export function sessionsOf(parts: readonly Part[]): CaptureSession[] {
  const groups = new Map<string, Part[]>()
  for (const part of parts) groups.set(part.header.session, [...groups.get(part.header.session) ?? [], part])
  return [...groups.values()].map(sessionOf).sort((a, b) => b.startedAtMs - a.startedAtMs)
}

function sessionOf(parts: readonly Part[]): CaptureSession {
  const ordered = [...parts].sort((a, b) => a.header.part - b.header.part)
  const first = ordered[0] as Part
  const last = ordered.at(-1) as Part
  const { camera, session, cameraName, chip, startedAtMs, startOffset } = first.header
  return {
    camera, session, cameraName, chip, startedAtMs, startOffset, endedAtMs: last.lastAtMs, isOpen: ordered.some(({ isClosed }) => !isClosed), isCut: last.isCut === true,
    endOffset: last.header.startOffset + last.rawBytes, parts: ordered.length,
  }
}
