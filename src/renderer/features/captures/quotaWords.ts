import type { CaptureStatus } from '../../../shared/captures/captures.schema.ts'
import { dayAndTime, roundSize } from '../../ui/format.ts'

const day = (atMs: number): string => dayAndTime(atMs).slice(0, 10)
const minute = (atMs: number): string => dayAndTime(atMs).slice(0, 16)

/** What is announced, with amounts and times; `undefined` while nothing is. */
export function quotaWords({ quota, usedBytes, quotaBytes }: CaptureStatus, nowMs: number): { readonly message: string; readonly hint: string } | undefined {
  if (!quota) return undefined
  const share = `Captures fill ${String(Math.floor(100 * usedBytes / quotaBytes))} % of their ${roundSize(quotaBytes)}.`
  const first = quota.oldest ? ` The first to go: ${quota.oldest.cameraName}, ${day(quota.oldest.fromMs)} to ${day(quota.oldest.untilMs)}.` : ''
  return { message: `${share} ${whenWords(quota, usedBytes > quotaBytes, nowMs)}`, hint: `Export what is to stay, or raise the quota.${first}` }
}

/** Told in every view: what consoles say meanwhile is kept nowhere. */
export function pausedWords({ paused }: CaptureStatus): { readonly message: string; readonly hint: string } | undefined {
  if (paused === undefined) return undefined
  return { message: `Captures are paused: ${paused}`, hint: 'Consoles and jobs go on, and what they say is not kept. Captures go on by themselves once they can be written again.' }
}

function whenWords({ removesFromMs, fullAtMs }: NonNullable<CaptureStatus['quota']>, isOver: boolean, nowMs: number): string {
  if (isOver) return removesFromMs > nowMs ? `The oldest files are deleted from ${minute(removesFromMs)} on.` : 'The oldest files are being deleted now.'
  if (fullAtMs === undefined) return 'The oldest files are deleted when it is full; nothing was added in the last day.'
  return `At the pace of the last day it is full about ${minute(Math.max(fullAtMs, removesFromMs))}; then the oldest files are deleted.`
}
