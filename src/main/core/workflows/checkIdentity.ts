import type { JobNews } from '../../../shared/jobs/jobEvent.ts'
import type { FlashKind } from '../../../shared/restore/restore.schema.ts'
import type { ProbedFlash } from '../../protocols/uboot/answers.ts'
import { type IdentityCheck, identityFacts, judgeIdentity, norSize } from '../rack/identity.ts'
import type { UbootSession } from '../uboot/ubootSession.ts'
import { readVariable } from './restore/cameraPhases.ts'

/** Who answers at the prompt, compared with who is known there. Destructive work goes on only with that one, or with one that was accepted. */
export async function checkIdentity(check: IdentityCheck | undefined, session: UbootSession, { kind, jedecId, flashBytes }: Pick<ProbedFlash, 'jedecId' | 'flashBytes'> & { readonly kind: FlashKind | undefined }, tell: (news: JobNews) => void, isDestructive: boolean, signal: AbortSignal): Promise<void> {
  if (!check) return
  const [mac, soc, ubootVersion] = [await readVariable(session, 'ethaddr', signal), await readVariable(session, 'soc', signal), await readVariable(session, 'ver', signal)]
  judgeIdentity(check, identityFacts({ mac, soc, jedecId, flashSize: norSize(kind, flashBytes), ubootVersion }), tell, isDestructive)
}
