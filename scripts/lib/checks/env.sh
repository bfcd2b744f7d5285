# shellcheck shell=bash disable=SC2154 # root and failures come from common.sh and report.sh
# .env, as far as it can be judged without running anything.

# The names that .env.example knows.
known_settings() { sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$root/.env.example"; }

check_env() {
  local file=$root/.env before=$failures
  if [ ! -e "$file" ]; then
    bad '.env: there is none. Run scripts/setup DOMAIN, or copy .env.example to .env and set DOMAIN'
    return
  fi
  [ "$(stat -c %a "$file")" = 600 ] || warn '.env: others on this machine may read it. Run: chmod 600 .env'
  check_env_lines <"$file"
  check_domain
  if [[ $(setting COMPOSE_FILE) != docker-compose.yml:docker-compose.deploy.yml* ]]; then
    bad '.env: COMPOSE_FILE is missing, so docker compose alone would start the local form. Add COMPOSE_FILE=docker-compose.yml:docker-compose.deploy.yml'
  fi
  check_secrets
  check_public_ip
  [ "$failures" -gt "$before" ] || ok ".env: DOMAIN=$(setting DOMAIN)"
}

check_env_lines() {
  local line name value known number=0
  known=$(known_settings)
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    # The line is not printed: it may hold a secret.
    if [[ ! $line =~ ^(export[[:space:]]+)?[A-Z][A-Z0-9_]*= ]]; then
      bad ".env line $number: is no setting. Write NAME=value, without blanks around ="
      continue
    fi
    name=${line%%=*}
    name=${name##*[[:space:]]}
    value=${line#*=}
    grep -qx "$name" <<<"$known" || [[ $name =~ ^(COMPOSE|DOCKER)_ ]] ||
      warn ".env line $number: nobody reads $name. Is it misspelt? .env.example has all names"
    if [[ $value == *\$* && $value != \'*\'* ]]; then
      bad ".env line $number: $name has a dollar sign, which docker compose replaces. Put the value into single quotes"
    fi
    if [[ $value =~ ^[\"\'] && ! $value =~ ^(\'[^\']*\'|\"[^\"]*\")[[:space:]]*(#.*)?$ ]]; then
      bad ".env line $number: $name begins with a quote that is not closed at the end"
    fi
  done
}

check_domain() {
  local domain
  domain=$(setting DOMAIN)
  if [ -z "$domain" ]; then
    bad '.env: DOMAIN is not set. Set it to your domain, for example DOMAIN=example.org'
  elif [ "$domain" != "$(normal "$domain")" ]; then
    bad ".env: DOMAIN=\"$domain\" would be another name each time that it is compared. Write DOMAIN=$(normal "$domain")"
  elif ! is_domain "$domain"; then
    bad ".env: DOMAIN=\"$domain\" is no domain. Write it in small letters without https:// and without a path, for example example.org"
  elif [[ $domain =~ ^example\.(com|net|org)$ ]]; then
    bad ".env: DOMAIN=$domain stands in the examples only. Set it to a domain of yours"
  fi
}

# What lets whoever guesses it use TURN, or take a PeerJS id.
check_secrets() {
  local name value
  for name in STUN_SECRET STUN_SECRET_PREVIOUS PEERJS_AUTH_SECRET; do
    value=$(setting $name)
    if [ -z "$value" ]; then
      continue
    elif [[ ! $value =~ ^[0-9A-Fa-f]{32,}$ ]]; then
      bad ".env: $name must be 32 characters or more, of 0-9 and a-f. Make one with: openssl rand -hex 32"
    fi
  done
}

check_public_ip() {
  local address addresses
  IFS=', ' read -ra addresses <<<"$(setting PUBLIC_IP)"
  for address in "${addresses[@]}"; do
    if ! is_address "$address"; then
      bad ".env: PUBLIC_IP=\"$address\" is no address. Write one IPv4 address, one IPv6 address, or both with a comma between"
    elif is_private "$address"; then
      warn ".env: PUBLIC_IP=$address is a private address: browsers on the internet cannot reach TURN there"
    fi
  done
}
