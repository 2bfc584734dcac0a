#!/bin/sh
# Run once by the PostgreSQL image, when its data directory is new: the shop's database, whose owner only the gateway
# can log in as.
set -eu
password=$(cat /run/shop/shop_app.password)
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE shop_app LOGIN PASSWORD '$password';
CREATE DATABASE shop OWNER shop_app;
SQL
{
  echo 'SET ROLE shop_app;'
  cat /run/shop.sql
} | psql -v ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname shop
