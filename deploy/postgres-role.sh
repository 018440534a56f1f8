#!/bin/sh
# Makes the product's own role, which is no superuser, and its database. The postgres image runs it once, when its
# volume is empty; elsewhere run it as a superuser with psql's own PG… variables set.
set -eu
: "${DATABASE_PASSWORD:?DATABASE_PASSWORD is the password that the role reviewqueue gets}"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set "password=$DATABASE_PASSWORD" \
  --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE reviewqueue LOGIN PASSWORD :'password';
CREATE DATABASE reviewqueue OWNER reviewqueue;
SQL
