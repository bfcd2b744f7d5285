// Names are minted for nothing: as many as each address gets, and as many allocations with them as there are ports.
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import { ATTACKERS, type Attack } from '../attack.ts';
import { mint, type Login } from '../honest/turn.ts';
import { pause } from '../raw-socket.ts';

const NAMES = 40;
const CLIENTS = 2_500;
/** Five addresses may have 400 each (STUN_ALLOCATIONS_PER_ADDRESS_MAX), half of what there is. */
const GRANTED_MAX = 2_000;

export const attack: Attack = {
  id: '13',
  title: `${NAMES} minted names of each address, ${CLIENTS} allocations asked for`,
  service: 'stun',
  run: async (target, tell) => {
    const names: { login: Login; from: string }[] = [];
    for (const from of ATTACKERS)
      for (let count = 0; count < NAMES; count++) names.push({ login: await mint(target, from), from });
    const at = { transport: 'udp' as const, host: '127.0.0.1', port: target.port };
    let granted = 0;
    for (let count = 0; ; count++) {
      const { login, from } = names[count % names.length]!;
      if (count > CLIENTS) await pause(20);
      const client = await TurnClient.connect(at, login, { from });
      const isGranted = await client.allocated().then(
        () => true,
        () => false,
      );
      if (!isGranted) client.close();
      else if (++granted > GRANTED_MAX)
        tell.breach(`five addresses have more than ${GRANTED_MAX} allocations`);
    }
  },
};
